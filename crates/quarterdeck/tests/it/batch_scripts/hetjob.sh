#!/bin/bash
#SBATCH --job-name=coupled
#SBATCH --cpus-per-task=4 --mem=1G --ntasks=1
#SBATCH hetjob
#SBATCH --cpus-per-task=1 --mem=500M --ntasks=8
srun --het-group=0 ./ocean : --het-group=1 ./atmosphere
