"""What the gateway listens to: nothing yet. Its facts come from its own API."""

from tht_kit.runner import Subscription

SUBSCRIPTIONS: tuple[Subscription, ...] = ()
