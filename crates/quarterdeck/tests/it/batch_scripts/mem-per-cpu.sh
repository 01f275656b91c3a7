#!/bin/bash
#SBATCH -n 4
#SBATCH --mem-per-cpu=900M
#SBATCH --hint=nomultithread
mpirun ./x
