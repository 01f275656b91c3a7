#!/bin/bash
#SBATCH --mem=0
#SBATCH --time=90:30
#SBATCH --nodes=01
true
