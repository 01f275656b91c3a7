#!/bin/bash
#SBATCH -t 5
printf 'a\tb\n\\\\'
sed -e 's/\(a\)/\1/g' \
    -e "s|\$HOME|/home|" in > out
