#!/bin/bash
#SBATCH --begin=now+1hour
#SBATCH --deadline=now+3days
#SBATCH --requeue
#SBATCH --signal=B:USR1@300
trap 'touch checkpoint' USR1
./long &
wait
