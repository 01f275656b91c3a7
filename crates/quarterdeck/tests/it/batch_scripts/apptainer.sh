#!/bin/bash
#SBATCH -p gpu --gres=gpu:1
#SBATCH -t 2:00:00
IMAGE=/images/torch.sif
BIND="$PWD:/work,/scratch"
apptainer exec --nv --bind "$BIND" $IMAGE python3 /work/train.py
