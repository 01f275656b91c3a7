#!/bin/bash
# Who: the group's template of 2019
#SBATCH --nodes=1        # one is enough
#
# memory: see the wiki
#SBATCH --mem=2G

   # an indented comment
#SBATCH --time=02:00:00
## SBATCH --time=99:00:00
#SBATCH --ntasks-per-node=4

# the program
srun ./solve "$1"
