#!/bin/bash
#SBATCH --job-name="a \"name\" with # in it"
#SBATCH --comment='project: x, year: 2026'
#SBATCH --output="my output %j.txt"
true
