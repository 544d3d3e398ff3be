"""What examples/Digits does, in Python: the same network, data, seed, order and steps. Takes a part of its options."""
import argparse
import csv
import gzip
import os
import struct

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class DigitsNet(nn.Module):
    def __init__(self, side):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(64)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.25)
        self.hidden = nn.Linear(64 * (side // 4) ** 2, 128)
        self.output = nn.Linear(128, 10)

    def forward(self, x):
        x = self.pool(self.relu(self.norm1(self.conv1(x))))
        x = self.pool(self.relu(self.norm2(self.conv2(x))))
        x = self.dropout(x.flatten(1))
        x = self.dropout(self.relu(self.hidden(x)))
        return self.output(x)


def read_digits(path):
    with gzip.open(path, "rt") as file:
        rows = [[int(value) for value in row] for row in csv.reader(file)]
    values = torch.tensor(rows)
    return (values[:, :64].float() / 16).view(-1, 1, 8, 8), values[:, 64].clone()


def read_idx(folder, name):
    path = os.path.join(folder, name)
    with gzip.open(path + ".gz", "rb") if os.path.exists(path + ".gz") else open(path, "rb") as file:
        data = file.read()
    dimensions = data[3]
    sizes = struct.unpack(">" + "I" * dimensions, data[4:4 + 4 * dimensions])
    return torch.frombuffer(bytearray(data[4 + 4 * dimensions:]), dtype=torch.uint8).view(sizes)


def load(options):
    if options.data:
        pixels = read_idx(options.data, "t10k-images-idx3-ubyte")
        return pixels.unsqueeze(1).float() / 255, read_idx(options.data, "t10k-labels-idx1-ubyte").long()
    here = os.path.dirname(os.path.abspath(__file__))
    return read_digits(os.path.join(here, "..", "..", "examples", "Digits", "data", "digits.csv.gz"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--optimizer", default="adam")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--save")
    parser.add_argument("--load")
    parser.add_argument("--losses", type=int)
    parser.add_argument("--logits", action="store_true")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)

    images, labels = load(options)
    parts = random_split(TensorDataset(images, labels), [0.8, 0.2], torch.Generator().manual_seed(options.seed))
    test_images, _ = next(iter(DataLoader(parts[1], batch_size=len(parts[1]))))

    torch.manual_seed(options.seed)
    model = DigitsNet(images.shape[2])
    if options.load:
        model.load_state_dict(torch.load(options.load, weights_only=True))
    else:
        train(model, parts[0], options)
    if options.save:
        torch.save(model.state_dict(), options.save)
    if options.logits:
        model.eval()
        with torch.no_grad():
            for row in model(test_images):
                print("logits", *("%.9g" % value for value in row.tolist()))


def train(model, dataset, options):
    loader = DataLoader(dataset, options.batch_size, shuffle=True)
    criterion = nn.CrossEntropyLoss()
    if options.optimizer == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), options.lr, momentum=0.9)
    else:
        optimizer = torch.optim.Adam(model.parameters(), options.lr)
    model.train()
    steps = 0
    for _ in range(options.epochs if options.losses is None else 1 << 30):
        for x, y in loader:
            if steps == options.losses:
                return
            steps += 1
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            if options.losses is not None:
                print("%.17g" % loss.item())


if __name__ == "__main__":
    main()
