"""Many photos: what is made of each one (`outputs`, `refocusing`), and runs of any size (`run`)."""
