#!/bin/bash
#SBATCH -J short
#SBATCH -p compute
#SBATCH -N 2
#SBATCH -n 8
#SBATCH -c 1
#SBATCH -t 30
#SBATCH -o out.%j
#SBATCH -e err.%j
srun hostname
