#!/bin/bash
# Many nodes in one job, for sites that let no job ask for other jobs. settings.py has
# engine = "dask" and a description as cluster, such as {"cluster": "slurm", "cores": 1,
# "memory": "4GB", "interface": "ib0"}: nothing is submitted here, one worker is started per task.
#   sbatch slurm_allocation.sh configs/MYLENS
#SBATCH --job-name=cosmouline
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=16
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=4G
#SBATCH --time=12:00:00
#SBATCH --no-kill
set -e
cd "${COSMOULINE_HOME:-$SLURM_SUBMIT_DIR}"  # the folder that holds pipe/ and configs/
source .venv/bin/activate

# The workers wait for the scheduler. A node that dies takes its workers along; the others go on.
srun --no-kill --kill-on-bad-exit=0 python extrascripts/start_worker.py "$1" &
python extrascripts/start_cluster.py "$1" --no-jobs --run python pipe/run_all.py "$1" --keep-going
