#!/bin/bash
#SBATCH --time=10
#SBATCH --time=20
#SBATCH -p gpu
#SBATCH --partition=compute
true
