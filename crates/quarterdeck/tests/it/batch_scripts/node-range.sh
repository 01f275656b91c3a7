#!/bin/bash
#SBATCH --nodes=1-3
#SBATCH --ntasks=6
#SBATCH --contiguous
#SBATCH --switches=1@10:00
srun ./x
