#!/bin/bash
#SBATCH -N1 -n4 -t1:00:00 --exclusive -J bundled
srun ./a.out
