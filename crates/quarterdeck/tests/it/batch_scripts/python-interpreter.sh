#!/usr/bin/env python3
#SBATCH --time=10
#SBATCH --mem=100M
import os
print(os.environ['SLURM_JOB_ID'], {'a': {1}})
