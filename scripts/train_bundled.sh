#!/usr/bin/env bash
# Train the bundled model: scripts/train_bundled.sh POCUS OUT
#
# POCUS is a folder with the videos and the manifest.csv of the POCUS lung data set (Born et al.).
# About 90 minutes on 2 CPU cores with AMX. To go on after an interruption, run it again.
set -euo pipefail
pocus=$1
out=$2
mkdir -p "$out"
for size in 64 128; do
  sonoloop data prepare "$pocus" --out "$out/pocus$size" --size "$size" --split 0.9,0.1,0
done
sonoloop train autoencoder --data "$out/pocus64" --preset laptop --out "$out/stage1-64" --resume \
  --set clip.size=64 \
  --set autoencoder_training.max_steps=922 autoencoder_training.batch_size=8 \
  --set autoencoder_training.learning_rate=5e-4 autoencoder_training.warmup_steps=50 \
  --set autoencoder_training.cooldown_fraction=0 autoencoder_training.ema_decay=0.99
sonoloop train autoencoder --data "$out/pocus128" --preset laptop --init "$out/stage1-64" \
  --out "$out/stage1-128" --resume
sonoloop train diffusion --data "$out/pocus128" --autoencoder "$out/stage1-128" --preset laptop \
  --out "$out/stage2" --resume
sonoloop export --autoencoder "$out/stage1-128" --diffusion "$out/stage2" \
  --data "$out/pocus128" --trained-on "lung ultrasound (POCUS)" --name default --out "$out/model"
