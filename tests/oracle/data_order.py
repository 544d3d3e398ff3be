"""The orders in which samplers and loaders of torch.utils.data give indices, for seeds; JSON on standard output."""
import json
import sys

import torch
from torch.utils.data import (
    BatchSampler, ConcatDataset, DataLoader, Dataset, IterableDataset, RandomSampler, Subset, SubsetRandomSampler, TensorDataset,
    WeightedRandomSampler, get_worker_info, random_split)
from torch.utils.data.distributed import DistributedSampler


class Numbers(Dataset):
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return index


class Stream(IterableDataset):
    def __init__(self, count):
        self.count = count

    def __iter__(self):
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(first, self.count, step))


def batches(loader):
    return [batch.tolist() for batch in loader]


def after():
    """Where the default generator stands."""
    return torch.randint(1 << 40, (1,)).item()


def main():
    torch.set_num_threads(1)
    out = {}

    def case(name, function):
        torch.manual_seed(1234)
        result = function()
        out[name] = [result, after()]

    case("shuffled", lambda: [batches(DataLoader(Numbers(23), batch_size=5, shuffle=True)) for _ in range(2)])

    def epochs(**options):
        loader = DataLoader(Numbers(23), batch_size=5, **options)
        return [batches(loader) for _ in range(3)]

    case("epochs", lambda: epochs(shuffle=True))
    case("in order", lambda: epochs())
    case("drop last", lambda: epochs(shuffle=True, drop_last=True))
    case("workers", lambda: epochs(shuffle=True, num_workers=2))
    case("persistent workers", lambda: epochs(shuffle=True, num_workers=2, persistent_workers=True))
    case("generator", lambda: epochs(shuffle=True, generator=torch.Generator().manual_seed(99)))
    case("generator, workers", lambda: epochs(shuffle=True, num_workers=3, prefetch_factor=1, generator=torch.Generator().manual_seed(99)))
    case("interrupted", lambda: [next(iter(DataLoader(Numbers(23), batch_size=5, shuffle=True))).tolist(), after(), epochs(shuffle=True)])
    case("replacement", lambda: batches(DataLoader(Numbers(23), batch_size=7, sampler=RandomSampler(Numbers(23), replacement=True, num_samples=70))))
    case("replacement, shared generator", lambda: (lambda g: [batches(DataLoader(
        Numbers(23), batch_size=7, sampler=RandomSampler(Numbers(23), replacement=True, num_samples=70, generator=g), generator=g, num_workers=2)),
        torch.randint(1 << 40, (1,), generator=g).item()])(torch.Generator().manual_seed(5)))
    case("more than all", lambda: list(RandomSampler(Numbers(5), num_samples=12)))
    case("subset", lambda: list(SubsetRandomSampler([3, 5, 8, 13, 21])))
    case("weighted", lambda: list(WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 20)))
    case("weighted, each once", lambda: list(WeightedRandomSampler([0.9, 0.4, 0.05, 0.2, 0.3, 0.1], 5, replacement=False)))
    case("batch sampler", lambda: epochs_of(BatchSampler(RandomSampler(Numbers(11)), 4, False)))
    case("distributed", lambda: [distributed(rank, 3, 10, drop, shuffle) for rank in range(3) for drop in (False, True) for shuffle in (False, True)])
    case("distributed, few", lambda: [distributed(rank, 5, 2, False, True) for rank in range(5)])
    case("split", lambda: [part.indices for part in random_split(Numbers(10), [3, 7])])
    case("split by fractions", lambda: [part.indices for part in random_split(Numbers(11), [0.3, 0.3, 0.4])])
    case("split with generator", lambda: [part.indices for part in random_split(Numbers(10), [3, 7], torch.Generator().manual_seed(42))])
    case("stream", lambda: batches(DataLoader(Stream(13), batch_size=3)))
    case("stream, workers", lambda: batches(DataLoader(Stream(13), batch_size=3, num_workers=2)))
    case("stream, many workers", lambda: batches(DataLoader(Stream(7), batch_size=2, num_workers=5)))
    case("stream, drop last", lambda: batches(DataLoader(Stream(13), batch_size=3, num_workers=2, drop_last=True)))
    case("concat", lambda: batches(DataLoader(ConcatDataset([Numbers(3), Numbers(0), Numbers(4)]), batch_size=3, shuffle=True)))
    case("nested", lambda: [[a.tolist(), [b.tolist() for b in DataLoader(Numbers(3), shuffle=True)]]
                            for a in DataLoader(Numbers(4), batch_size=2, shuffle=True)])
    json.dump(out, sys.stdout)


def epochs_of(sampler):
    return [[list(batch) for batch in sampler] for _ in range(2)]


def distributed(rank, replicas, count, drop_last, shuffle):
    sampler = DistributedSampler(Numbers(count), replicas, rank, shuffle=shuffle, seed=3, drop_last=drop_last)
    sampler.set_epoch(4)
    return list(sampler)


if __name__ == "__main__":
    main()
