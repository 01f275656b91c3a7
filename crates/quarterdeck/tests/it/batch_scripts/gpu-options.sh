#!/bin/bash
#SBATCH --gpus-per-node=1
#SBATCH --gpus-per-task=1
#SBATCH --mem-per-gpu=1G
#SBATCH --gpu-bind=closest
srun python3 train.py
