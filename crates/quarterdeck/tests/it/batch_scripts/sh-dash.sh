#!/bin/sh
#SBATCH -t 5
for i in 1 2 3; do
  echo $i
done
