#!/bin/bash
#SBATCH --constraint=cpu
#SBATCH --reservation=
#SBATCH --no-requeue
#SBATCH --open-mode=append
true
