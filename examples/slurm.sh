#!/bin/bash
#SBATCH --job-name=ferbench
#SBATCH --array=1-8
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=4
#SBATCH --time=01:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=ferbench-%A_%a.log

cd "$SLURM_SUBMIT_DIR"
# Five minutes less than --time, for starting Python and loading the data.
srun python -m benchmark run --plan fer2013.json --share "$SLURM_ARRAY_TASK_ID/8" --device cuda --time-budget 3300
status=$?
# 3: stopped by the budget, everything saved. Any other status means that the share is finished, or an error.
if [ "$status" -eq 3 ]; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
    exit 0
fi
exit "$status"
