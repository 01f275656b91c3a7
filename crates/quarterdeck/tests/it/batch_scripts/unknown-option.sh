#!/bin/bash
#SBATCH --time=10
#SBATCH --some-site-option=7
#SBATCH --qos=normal
true
