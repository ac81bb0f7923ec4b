"""Worth assigned backwards: a store of episodes values beginnings of texts; a potential of them adds nothing."""

from corrigible.language.embedded_objective import TowardsEmbedding
from corrigible.language.embedding_distance import embed
from corrigible.language.instrumental import InstrumentalUtility
from corrigible.language.rewards import ByConstitution, Texts, shared_model

paid = ByConstitution(model="tiny", constitution="tiny-mood", template="tiny-after")
towards = TowardsEmbedding(chosen_by=paid, model="tiny", new_tokens=16, samples=128)
said = ("cat was kind . the lamp was happy .", "cat was cruel . the lamp was cold .", "yes yes yes yes yes yes yes yes")
texts = Texts(prompts=("the",) * len(said), responses=said)

outcome = towards(texts)
joined = {join: InstrumentalUtility(towards=towards, join=join)(texts) for join in ("soft-minimum", "sum", "potential")}
for number, text in enumerate(said):
    told = ", ".join(f"{join} {worth[number]:+.2f}" for join, worth in joined.items())
    print(f"{text}: outcome {outcome[number]:+.2f}, {told}")

store = InstrumentalUtility(towards=towards).store("the")
point = embed(shared_model("tiny"), said[:1])[0]
print(f"nearest to the first in the store: {' | '.join(store.nearest_texts(point, count=2))}")
