"""The manner of rollouts that move by the beat of a clock: a target beside its copy, and all that is generated.

world      what is around one rollout      observe    how it is gathered and seen
manner     what a round needs of it        configs    hashes of ConfigMaps and Secrets, without their contents
answers    webhooks and metrics            tidings    alerts, and webhooks that hear of events
claims     which rollouts want one target, or one Service
"""
