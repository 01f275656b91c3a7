#!/bin/bash
#SBATCH -n 3
#SBATCH --threads-per-core=1
for i in {1..3}; do
  srun --exact -n 1 ./part $i > part.$i &
done
wait
