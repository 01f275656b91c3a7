#!/bin/bash
#SBATCH -N 1
cat > input.nml <<EOF
&control
  title = '$SLURM_JOB_NAME'
  steps = {{ not_ours }}
/
EOF
./model < input.nml
