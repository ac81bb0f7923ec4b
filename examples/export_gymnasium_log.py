"""Log any Gymnasium loop for `corrigible detect`: python export_gymnasium_log.py [FILE.jsonl]"""

import json
import sys
from pathlib import Path

import gymnasium

environment = gymnasium.make("CartPole-v1")
with Path((sys.argv[1:] or ["cart_pole.jsonl"])[0]).open("w") as file:
    for episode in range(60):
        (observation, _), t, ended = environment.reset(seed=episode), 0, False
        environment.action_space.seed(episode)
        while not ended:
            action = environment.action_space.sample()
            line = {"episode": episode, "t": t, "observation": observation.tolist(), "action": int(action)}
            observation, reward, terminated, truncated, _ = environment.step(action)
            line |= {"reward": float(reward), "terminated": bool(terminated), "truncated": bool(truncated)}
            print(json.dumps(line), file=file)
            t, ended = t + 1, terminated or truncated
