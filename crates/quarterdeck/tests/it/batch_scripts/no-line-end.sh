#!/bin/bash
#SBATCH -p compute
hostname