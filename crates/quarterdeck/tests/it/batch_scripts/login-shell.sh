#!/bin/bash -l
#SBATCH --job-name=login
#SBATCH --partition=compute
#SBATCH --time=00:10:00

module load gcc
gcc --version
