#!/usr/bin/env bash
# Train the bundled model: scripts/train_bundled.sh POCUS OUT
#
# POCUS is a folder with the videos and the manifest.csv of the POCUS lung data set (Born et al.).
# Needs 'sonoloop weights fetch lpips-alex'. About two and a half hours on one CPU core with AMX. To
# go on after an interruption, run it again. What the bundled weights differ in is in the model's
# README.md.
set -euo pipefail
pocus=$1
out=$2
mkdir -p "$out"
for size in 64 128; do
  sonoloop data prepare "$pocus" --out "$out/pocus$size" --size "$size" --split 0.9,0.1,0
done
# Stage 1, coarse motion first: a step at 64 pixels costs a quarter.
sonoloop train autoencoder --data "$out/pocus64" --preset laptop --out "$out/stage1-64" --resume \
  --set clip.size=64 \
  --set autoencoder_training.max_steps=1720 autoencoder_training.batch_size=8 \
  --set autoencoder_training.learning_rate=5e-4 autoencoder_training.warmup_steps=50 \
  --set autoencoder_training.cooldown_fraction=0 autoencoder_training.ema_decay=0.99
sonoloop train autoencoder --data "$out/pocus128" --preset laptop --init "$out/stage1-64" \
  --out "$out/stage1-128" --resume \
  --set autoencoder_training.max_steps=765 autoencoder_training.cooldown_fraction=0 \
  --set autoencoder_losses.perceptual=0.02 autoencoder_training.ema_decay=0.995
# Against a critic, with new speckle.
sonoloop train autoencoder --data "$out/pocus128" --preset laptop --init "$out/stage1-128" \
  --out "$out/stage1-critic" --resume \
  --set autoencoder.speckle=0.9 autoencoder_losses.perceptual=0.02 \
  --set autoencoder_losses.patch_adversarial=0.03 autoencoder_losses.feature_matching=1.0 \
  --set critics.learning_rate_scale=0.5 autoencoder_training.betas='[0.5,0.99]' \
  --set autoencoder_training.max_steps=550 autoencoder_training.ema_decay=0.99
# Against a critic that weighs more, without LPIPS. Less new speckle keeps anatomy clearer, and
# brightness averaged over three frames leaves the critic no single frame to paint texture in.
sonoloop train autoencoder --data "$out/pocus128" --preset laptop --init "$out/stage1-critic" \
  --out "$out/stage1" --resume --set autoencoder.residual_frames=3 \
  --set autoencoder.speckle=0.6 autoencoder.speckle_own_grain=0.7 \
  --set autoencoder_losses.patch_adversarial=0.08 autoencoder_losses.feature_matching=2.0 \
  --set critics.learning_rate_scale=0.5 autoencoder_training.betas='[0.5,0.99]' \
  --set autoencoder_training.learning_rate=2e-4 autoencoder_training.warmup_steps=50 \
  --set autoencoder_training.max_steps=1200 autoencoder_training.cooldown_fraction=0.25 \
  --set autoencoder_training.ema_decay=0.995
sonoloop train diffusion --data "$out/pocus128" --autoencoder "$out/stage1" --preset laptop \
  --out "$out/stage2" --resume \
  --set diffusion.motion=true diffusion.temperature=0.8 latent_cache.encodings_per_video=24 \
  --set diffusion_training.max_steps=3000
sonoloop export --autoencoder "$out/stage1" --diffusion "$out/stage2" \
  --data "$out/pocus128" --trained-on "lung ultrasound (POCUS)" --name default --out "$out/model"
