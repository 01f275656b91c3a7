#!/bin/bash
#SBATCH -p compute
echo begin
#SBATCH --time=10
#SBATCH -N 3
echo end
