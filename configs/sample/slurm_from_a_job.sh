#!/bin/bash
# A small job that asks for larger ones itself, for sites where nothing long may run on the login
# node. settings.py has engine = "dask" and a description as cluster.
#   sbatch slurm_from_a_job.sh configs/MYLENS
#SBATCH --job-name=cosmouline-main
#SBATCH --nodes=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=8G
#SBATCH --time=24:00:00
set -e
cd "${COSMOULINE_HOME:-$SLURM_SUBMIT_DIR}"  # the folder that holds pipe/ and configs/
source .venv/bin/activate

# At its walltime it is stopped as on Ctrl-C: its jobs are cancelled, what is finished is kept.
exec python pipe/run_all.py "$1" --keep-going
