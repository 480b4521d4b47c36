"""`make rehearse`: the packed probe under real kernels, on any machine."""
