def read_damaged(count): pass
def send_damaged(server, count): pass
