"""How fast the default trains and draws, beside others from the package index.

    uv run --with torch,torchvision,muse-maskgit-pytorch,diffusers \
        python benchmarks/peers.py --set train.num_layers=6

On Linux `--index https://download.pytorch.org/whl/cpu` spares 3 GB of CUDA. Takes
data/tokens as `llmvis tokenize` leaves them, for ours; the weights are untrained, which
takes no less time. All make 64 x 64 pixels: muse-maskgit-pytorch at width 192 and 6
layers over 64 tokens of 1,024 codes, in 12 steps with guidance; a UNet of diffusers
with about 2.9 million parameters, in 25 steps; ours as params.yaml says. Training takes
batches of 32, drawing batches of 64. Text encoders of the peers are left out: their
prompts are states already. Each runs in a process of its own, one after another, so
that the peak of its memory is its own; rates are medians, in float32.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from machine import timed

EXAMPLES, TOKENS = Path("data/examples"), Path("data/tokens")
TRAIN_BATCH, DRAW_BATCH = 32, 64
STEPS, DRAWS = 10, 3  # that are counted, after one that is not
WIDTH, LAYERS, SIZE, GRID, CODES, WORDS = 192, 6, 64, 8, 1024, 40
MUSE_STEPS, DIFFUSERS_STEPS = 12, 25


def main() -> None:
    """Prints a row for each."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--set", action="append", default=[], dest="settings")
    options.add_argument("--only", choices=CONTENDERS)
    given = options.parse_args()
    if given.only:
        print(json.dumps(CONTENDERS[given.only](given.settings)))
        return
    found = {name: in_own_process(name, given.settings) for name in CONTENDERS}
    base = found["llmvis"]
    print(f"{os.cpu_count()} cores; in brackets, how many times as fast llmvis is")
    print(f"{'':<22}{'parameters':>12}{'trains /s':>18}{'draws /s':>18}{'GiB':>8}")
    for name, figures in found.items():
        rates = "".join(
            f"{figures[key]:>9.1f} ({base[key] / figures[key]:>5.1f})"
            for key in ("trains", "draws")
        )
        size = f"{figures['parameters'] / 1e6:.1f} M"
        print(f"{name:<22}{size:>12}{rates:>36}{figures['gibibytes']:>8.2f}")


def in_own_process(name: str, settings: list[str]) -> dict:
    """Measures one contender."""
    arguments = [f"--set={setting}" for setting in settings]
    done = subprocess.run(
        [sys.executable, __file__, "--only", name, *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def figures(parameters: int, train, draw) -> dict:
    """Times a step of training and a batch of pictures, both functions of no input."""
    rates = {}
    for key, work, times, batch in (
        ("trains", train, STEPS, TRAIN_BATCH),
        ("draws", draw, DRAWS, DRAW_BATCH),
    ):
        work()
        rates[key] = batch / statistics.median(timed(work) for _ in range(times))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"parameters": parameters, **rates, "gibibytes": peak}


def ours(settings: list[str]) -> dict:
    """The networks of params.yaml."""
    from flows import overlay
    from llmvis import environment, storage
    from llmvis.training import assembly, fit, generators

    environment.prepare()
    params = overlay.as_params(overlay.merged(overlay.read_settings(settings)))
    train = params.train
    model = assembly.assemble(train, TOKENS)
    network = model.generator
    network.compile(optimizer=fit._optimizer(generators._plan(train)), jit_compile=True)
    prompts, seeds = ["a blue bird on a red flower"] * DRAW_BATCH, range(DRAW_BATCH)
    with storage.scratch() as scratch:
        data = assembly.training_set(model, TOKENS, EXAMPLES, scratch)
        batch = generators._batches(network, train, data).at(0)
        measured = figures(
            model.num_parameters,
            lambda: network.train_on_batch(batch),
            lambda: model.generate(prompts, list(seeds), params.sampling),
        )
    # Batches are packed to `batch_size` pictures on average.
    measured["trains"] *= train.batch_size / TRAIN_BATCH
    return measured


def muse(_settings) -> dict:
    """Lucidrains' muse-maskgit-pytorch."""
    import torch
    from muse_maskgit_pytorch import MaskGit, MaskGitTransformer, VQGanVAE, t5
    from transformers import T5Config

    # The width of the prompts' states would be asked of a server.
    t5.T5_CONFIGS["none"] = {"config": T5Config(d_model=WIDTH)}
    transformer = MaskGitTransformer(
        num_tokens=CODES,
        seq_len=GRID**2,
        dim=WIDTH,
        depth=LAYERS,
        dim_head=WIDTH // 6,
        heads=6,
        t5_name="none",
    )
    states = torch.randn(DRAW_BATCH, WORDS, WIDTH)
    transformer.encode_text = lambda texts: states[: len(texts)]
    vae = VQGanVAE(dim=32, layers=3, codebook_size=CODES, use_vgg_and_gan=False)
    model = MaskGit(image_size=SIZE, transformer=transformer, vae=vae)
    optimizer = torch.optim.AdamW(transformer.parameters(), lr=1e-4)
    codes = torch.randint(CODES, (TRAIN_BATCH, GRID, GRID))

    def train():
        loss = model(codes, text_embeds=states[:TRAIN_BATCH])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return figures(
        sum(weight.numel() for weight in transformer.parameters()),
        train,
        lambda: model.generate(
            ["a bird"] * DRAW_BATCH, timesteps=MUSE_STEPS, cond_scale=3.0
        ),
    )


def diffusers_unet(_settings) -> dict:
    """A small conditional UNet of diffusers, on pixels, with DDIM."""
    import torch
    from diffusers import DDIMScheduler, UNet2DConditionModel

    unet = UNet2DConditionModel(
        sample_size=SIZE,
        in_channels=3,
        out_channels=3,
        layers_per_block=1,
        block_out_channels=(32, 64, 104),
        norm_num_groups=8,
        down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=8,
    )
    scheduler = DDIMScheduler()
    states = torch.randn(DRAW_BATCH, WORDS, WIDTH)
    optimizer = torch.optim.AdamW(unet.parameters(), lr=1e-4)
    pictures = torch.rand(TRAIN_BATCH, 3, SIZE, SIZE) * 2 - 1

    def train():
        noise = torch.randn_like(pictures)
        times = torch.randint(scheduler.config.num_train_timesteps, (TRAIN_BATCH,))
        noised = scheduler.add_noise(pictures, noise, times)
        made = unet(noised, times, encoder_hidden_states=states[:TRAIN_BATCH]).sample
        torch.nn.functional.mse_loss(made, noise).backward()
        optimizer.step()
        optimizer.zero_grad()

    @torch.no_grad()
    def draw():
        scheduler.set_timesteps(DIFFUSERS_STEPS)
        drawn = torch.randn(DRAW_BATCH, 3, SIZE, SIZE)
        for at in scheduler.timesteps:
            noise = unet(drawn, at, encoder_hidden_states=states).sample
            drawn = scheduler.step(noise, at, drawn).prev_sample

    return figures(sum(weight.numel() for weight in unet.parameters()), train, draw)


CONTENDERS = {
    "llmvis": ours,
    "muse-maskgit-pytorch": muse,
    "diffusers UNet": diffusers_unet,
}


if __name__ == "__main__":
    main()
