"""placeholder"""


def write_charts(results, out):
    pass
