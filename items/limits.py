"""How much is too much: DynamoDB's quotas, each with its unit in its name.

Source: the developer guide's *Quotas*, and where it is vague, what the real service refuses.
"""

# Items.  A size counts names and values, in bytes, by the rules of `values.size_bytes`.
ITEM_SIZE_BYTES_MAX = 400 * 1024
NESTING_MAX = 32  # Lists and maps inside each other.
ATTRIBUTE_NAME_BYTES_MAX = 65_535

# Keys.
PARTITION_KEY_BYTES_MAX = 2048
SORT_KEY_BYTES_MAX = 1024
KEY_NAME_BYTES_MAX = 255

# Numbers: a value is zero or from 1E-130 up to, but not with, 1E+126, either sign.
NUMBER_DIGITS_MAX = 38
NUMBER_EXPONENT_MAX = 125
NUMBER_EXPONENT_MIN = -130

# Transactions.
TRANSACTION_ACTIONS_MAX = 100
TRANSACTION_SIZE_BYTES_MAX = 4 * 1024 * 1024  # Of what the request carries.
TOKEN_LENGTH_MIN = 1
TOKEN_LENGTH_MAX = 36

# Expressions.
EXPRESSION_BYTES_MAX = 4096
OPERATORS_MAX = 300
LIST_INDEX_MAX = 2**31 - 1  # Of a position that a document path names.
DEREFERENCES_MAX = 32  # Dots and positions in one document path.
IN_OPERANDS_MAX = 100
PLACEHOLDER_LENGTH_MAX = 255  # `#name` or `:value`, with its sign.
PLACEHOLDERS_BYTES_MAX = 2 * 1024 * 1024  # All names and values of one request.

# Batches and pages.
BATCH_GET_KEYS_MAX = 100
BATCH_WRITE_REQUESTS_MAX = 25
PAGE_BYTES_MAX = 1024 * 1024  # What one Query or Scan looks at.
REQUEST_BYTES_MAX = 16 * 1024 * 1024  # Beyond it, HTTP 413.
RESPONSE_BYTES_MAX = 16 * 1024 * 1024

# Tables.
TABLE_NAME_LENGTH_MIN = 3
TABLE_NAME_LENGTH_MAX = 255
TABLE_ARN_LENGTH_MAX = 1024  # Where a request may name its table by its ARN.
