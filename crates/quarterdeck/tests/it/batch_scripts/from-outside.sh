#!/bin/bash
#SBATCH -t 30
# sbatch --export=ALL,INPUT=x.dat this
./run "$INPUT" --seed ${SEED:-1}
