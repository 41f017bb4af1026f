"""The text-only twin of image-sentence matching: a photograph that is described by another of its captions."""

from collections import defaultdict

from xstilts.tasks.examples import ClassificationExample, Reading
from xstilts.tasks.matching import read_flickr8k
from xstilts.tasks.similar import similar_images
from xstilts.tasks.source import Source

MATCH, NO_MATCH = "match", "no match"


def read_flickr8k_told(source: Source) -> Reading[ClassificationExample]:
    """The file that `read_flickr8k` reads, as pairs of captions: what tells of a photograph, and what is asked of it.

    Every caption is asked twice, as the matching task asks it: of its own photograph, told by the next of that one's
    captions, and of the photograph whose captions read most like it, told by one of those. A photograph with a single
    caption cannot be told.
    """
    captions = read_flickr8k(source).examples
    of_image: dict[str, list[str]] = defaultdict(list)
    for one in captions:
        of_image[one.image].append(one.text)
    asked = [one for one in captions if len(of_image[one.image]) > 1]
    others = similar_images([one.text for one in asked], [one.image for one in asked], 1)
    examples = []
    for one, other in zip(asked, others, strict=True):
        own = of_image[one.image]
        place = own.index(one.text) + 1
        told = {one.id: (own[place % len(own)], MATCH)}
        told |= {f"{one.id}#1": (of_image[image][place % len(of_image[image])], NO_MATCH) for image in other}
        examples += [
            ClassificationExample(identifier, one.language, text, label, second=one.text)
            for identifier, (text, label) in told.items()
        ]
    alone = len(captions) - len(asked)
    return Reading(examples, {"only caption of its image": alone} if alone else {})
