#!/bin/bash
#SBATCH --dependency=singleton
#SBATCH --kill-on-invalid-dep=yes
#SBATCH -J nightly
./nightly.sh
