"""Whole training runs; tests/TorchBind.Tests/Training does the same. Losses of each as JSON, bit by bit.

    training_runs.py CORPUS CIFAR10 RUN=STEPS...      RUN: cifar, resnet, language, encoder
"""
import json
import os
import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class TutorialNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def cifar(steps, corpus, folder):
    with open(os.path.join(folder, "data_batch_1.bin"), "rb") as file:
        records = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).view(-1, 3073)
    labels = records[:, 0].long()
    images = (records[:, 1:].reshape(-1, 3, 32, 32).float() / 255 - 0.5) / 0.5
    torch.manual_seed(0)
    net = TutorialNet()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.001, momentum=0.9)
    for step, (x, y) in enumerate(DataLoader(TensorDataset(images, labels), batch_size=4, shuffle=True)):
        if step == steps:
            return
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        yield loss.item()


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += identity
        return self.relu(out)


class ResNet18(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = nn.Sequential(Block(64, 64, 1), Block(64, 64, 1))
        self.layer2 = nn.Sequential(Block(64, 128, 2), Block(128, 128, 1))
        self.layer3 = nn.Sequential(Block(128, 256, 2), Block(256, 256, 1))
        self.layer4 = nn.Sequential(Block(256, 512, 2), Block(512, 512, 1))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def resnet(steps, corpus, folder):
    torch.manual_seed(1)
    net = ResNet18(10)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.05)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=200)
    patterns = torch.randn(10, 3, 32, 32)
    for _ in range(steps):
        y = torch.randint(10, (8,))
        x = patterns[y] + torch.randn(8, 3, 32, 32)
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y, label_smoothing=0.1)
        loss.backward()
        optimizer.step()
        scheduler.step()
        yield loss.item()


class LanguageModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(128, 32)
        self.lstm = nn.LSTM(32, 64, num_layers=2, dropout=0.2)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(64, 128)

    def forward(self, x, hidden):
        x, hidden = self.lstm(self.dropout(self.embedding(x)), hidden)
        return self.head(self.dropout(x)), hidden


def language(steps, corpus, folder):
    with open(corpus, "rb") as file:
        text = torch.tensor(list(file.read())).remainder(128)
    columns, window = 8, 16
    rows = text.numel() // columns
    data = text[:rows * columns].view(columns, rows).t().contiguous()
    torch.manual_seed(2)
    net = LanguageModel()
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    hidden, at = None, 0
    for _ in range(steps):
        if at + window + 1 > rows:
            hidden, at = None, 0
        optimizer.zero_grad()
        scores, hidden = net(data[at:at + window], hidden)
        hidden = (hidden[0].detach(), hidden[1].detach())
        loss = F.cross_entropy(scores.view(-1, 128), data[at + 1:at + 1 + window].reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.25)
        optimizer.step()
        at += window
        yield loss.item()


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 32)
        self.position = nn.Parameter(torch.zeros(1, 12, 32))
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(32, 4, dim_feedforward=64, dropout=0.1, batch_first=True), 2)
        self.head = nn.Linear(32, 20)

    def forward(self, x, padding):
        return self.head(self.encoder(self.embedding(x) + self.position, src_key_padding_mask=padding))


def encoder(steps, corpus, folder):
    torch.manual_seed(3)
    net = Tagger()
    optimizer = torch.optim.Adam(net.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-9)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 32 ** -0.5 * min((step + 1) ** -0.5, (step + 1) * 60 ** -1.5))
    for _ in range(steps):
        x = torch.randint(20, (16, 12))
        padding = torch.arange(12).unsqueeze(0) >= torch.randint(6, 13, (16, 1))
        y = x.flip(1).masked_fill(padding, -100)
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x, padding).transpose(1, 2), y)
        loss.backward()
        optimizer.step()
        scheduler.step()
        yield loss.item()


RUNS = {"cifar": cifar, "resnet": resnet, "language": language, "encoder": encoder}


def main():
    torch.set_num_threads(1)
    corpus, folder, *runs = sys.argv[1:]
    losses = {}
    for text in runs:
        run, steps = text.split("=")
        losses[run] = [loss.hex() for loss in RUNS[run](int(steps), corpus, folder)]
    json.dump(losses, sys.stdout)


if __name__ == "__main__":
    main()
