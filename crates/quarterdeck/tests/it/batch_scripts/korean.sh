#!/bin/bash
#SBATCH --job-name=유동해석
#SBATCH --comment="3차 계산 — 격자 2배"
# 입력 파일
입력=1
INPUT="자료/입력.dat"
echo "계산 시작: $INPUT"
