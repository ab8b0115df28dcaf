"""For those who try ideas: architectures of one's own in every framework, a look inside, and the way back to plain source."""
