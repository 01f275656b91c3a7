#!/bin/bash


#SBATCH	--time=10
#SBATCH   --nodes=1   
	
#SBATCH --ntasks=2	# two


	if true; then
		echo tab
	fi


