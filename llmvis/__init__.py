"""Train, judge, promote and serve your own text-to-image language model.

    raw -ingest-> examples -tokenize-> tokens -train-> networks
        -finish-> model -evaluate-> report -register-> version -serve-> image

The verb names a stage, a command and a section of params.yaml; the noun names what
flows and, where it is files, its folder under `data/`.
"""
