"""An exported model on the Hugging Face hub, with its model card."""

from __future__ import annotations

from pathlib import Path

from xstilts.base.errors import DataError, XstiltsError
from xstilts.base.files import OWN

CARD = "README.md"


def push_to_hub(folder: Path, repo: str, private: bool) -> str:
    """Upload a folder that `xstilts export` wrote as a model of the hub; return its address there.

    Weights travel with the card that says what they are: a folder without one is refused. Files of an earlier push that
    the folder no longer has are deleted there.

    Args:
        repo: `owner/name`; made if it is not there.
        private: of a repository that is made here, whether others may not see it.

    Raises:
        DataError: the folder has no model card.
        XstiltsError: the hub refuses, or cannot be reached.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

    if not (folder / CARD).is_file():
        raise DataError(folder, None, f"no {CARD}", "an exported model with its card", "run `xstilts export` first")
    api = HfApi()
    try:
        made = api.create_repo(repo, private=private, exist_ok=True)
        said = f"Upload {folder.resolve().name} with xstilts"
        api.upload_folder(
            repo_id=made.repo_id, folder_path=folder, ignore_patterns=[OWN], delete_patterns="*", commit_message=said
        )
    except (HTTPError, OSError, ValueError) as error:  # the client's own errors are one of them
        why = str(error).strip().partition("\n")[0]
        todo = "log in with `hf auth login`, and name a repository that you may write to, as owner/name"
        raise XstiltsError(f"{repo}: the hub did not take the model ({why}); {todo}") from None
    return str(made.url)
