print("paligraph")
