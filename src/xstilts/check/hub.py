"""Whether the hub has the models that params.yaml names, before an hour is spent finding out."""

from os.path import isdir

from xstilts.base.errors import ParameterError
from xstilts.base.parameters import PARAMS, choices
from xstilts.check.choices import EMBEDDED, HUB_NAME

WEIGHTS = ".safetensors"
SECONDS = 10.0


def ask_hub() -> list[str]:
    """Ask the hub for the encoder and the image model, where they are names on it; return what could not be asked.

    Raises:
        ParameterError: the hub has no such model or revision, or one without safetensors.
    """
    named = {key: str(choices()[key]) for key in EMBEDDED if choices()[key] != EMBEDDED[key]}
    found = (_ask(key, name) for key, name in named.items() if HUB_NAME.fullmatch(name) and not isdir(name))
    return [note for note in found if note]


def _ask(key: str, name: str) -> str:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, HTTPError, RepositoryNotFoundError, RevisionNotFoundError  # type: ignore[attr-defined]

    repo, _, revision = name.partition("@")
    where = f"{PARAMS}: {key}: '{name}'"
    try:
        found = HfApi().model_info(repo, revision=revision or None, timeout=SECONDS)
    except GatedRepoError:
        todo = "accept its terms on huggingface.co, then `hf auth login`"
        raise ParameterError(f"{where}: the hub asks for a login; {todo}") from None
    except RevisionNotFoundError:
        raise ParameterError(f"{where}: the hub has no revision {revision}; look at the model's commits") from None
    except RepositoryNotFoundError:
        todo = "look for it on huggingface.co/models, or log in if it is private"
        raise ParameterError(f"{where}: the hub has no such model; {todo}") from None
    except (HTTPError, OSError) as error:  # no network is no mistake of the parameters
        why = str(error).partition("\n")[0][:80]
        return f"note: {where} was not looked up, since the hub cannot be reached ({why})"
    files = [one.rfilename for one in found.siblings or []]
    if not any(one.endswith(WEIGHTS) for one in files):
        raise ParameterError(f"{where}: no safetensors among its {len(files)} files; choose another")
    return ""
