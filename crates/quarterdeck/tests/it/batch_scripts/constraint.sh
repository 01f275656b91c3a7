#!/bin/bash
#SBATCH -C 'cpu|gpu'
#SBATCH --exclude=c3
#SBATCH --nodelist=c1
true
