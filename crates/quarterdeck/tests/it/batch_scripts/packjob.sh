#!/bin/bash
#SBATCH -n 1 -p compute
#SBATCH packjob
#SBATCH -n 2 -p gpu --gres=gpu:1
srun ./a : ./b
