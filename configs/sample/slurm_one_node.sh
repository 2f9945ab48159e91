#!/bin/bash
# One node of a cluster, used like a laptop: engine = "local", the default. No dask is needed.
#   sbatch slurm_one_node.sh configs/MYLENS
#SBATCH --job-name=cosmouline
#SBATCH --nodes=1
#SBATCH --cpus-per-task=16
#SBATCH --mem=32G
#SBATCH --time=12:00:00
set -e
cd "${COSMOULINE_HOME:-$SLURM_SUBMIT_DIR}"  # the folder that holds pipe/ and configs/
source .venv/bin/activate

# The workers are as many as the cores of the job; --keep-going: one bad image does not stop it.
# Run it again after the walltime: what is finished is kept.
python pipe/run_all.py "$1" --keep-going
