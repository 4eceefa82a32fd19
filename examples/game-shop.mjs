// Players buy items with coins: the example with which transactions were announced, to be run.
//
// `buy` is the announcement's request with its braces mended; what is around it makes two tables,
// tries a few purchases, good and bad, and cleans up.  `game_shop.py` is the same in Python.

import {
  DynamoDB,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb'

const dynamoDb = new DynamoDB({}) // Endpoint, region and keys come from the environment.

function buy(playerId, itemId, itemPrice) {
  return dynamoDb.transactWriteItems({
    TransactItems: [
      {
        Update: {
          TableName: 'items',
          Key: { id: { S: itemId } },
          ConditionExpression: 'available = :true',
          UpdateExpression: 'set available = :false, ' + 'ownedBy = :player',
          ExpressionAttributeValues: {
            ':true': { BOOL: true },
            ':false': { BOOL: false },
            ':player': { S: playerId },
          },
        },
      },
      {
        Update: {
          TableName: 'players',
          Key: { id: { S: playerId } },
          ConditionExpression: 'coins >= :price',
          UpdateExpression:
            'set coins = coins - :price, ' + 'inventory = list_append(inventory, :items)',
          ExpressionAttributeValues: {
            ':items': { L: [{ S: itemId }] },
            ':price': { N: itemPrice.toString() },
          },
        },
      },
    ],
  })
}

// Buy, and say what came of it.
async function bought(playerId, itemId) {
  try {
    await undisturbed(() => buy(playerId, itemId, prices[itemId]))
    return 'bought'
  } catch (error) {
    if (error.name !== 'TransactionCanceledException') throw error
    const [item, player] = reasons(error) // In the order of the request.
    if (item === 'ConditionalCheckFailed') return 'not for sale'
    if (player === 'ConditionalCheckFailed') return 'too few coins'
    throw error
  }
}

// Ask again and again while somebody else's transaction is in the way: no SDK does it.
async function undisturbed(ask) {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (error.name !== 'TransactionCanceledException') throw error
      if (!reasons(error).includes('TransactionConflict')) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 50 * Math.random()))
  }
}

function reasons(error) {
  return error.CancellationReasons.map((reason) => reason.Code)
}

async function prepare() {
  for (const name of ['items', 'players']) {
    await dynamoDb.createTable({
      TableName: name,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    })
    await waitUntilTableExists(patient, { TableName: name })
  }
  const items = Object.entries(prices).map(([id, price]) => ({
    Put: {
      TableName: 'items',
      Item: { id: { S: id }, price: { N: price.toString() }, available: { BOOL: true } },
    },
  }))
  const owners = players.map((id) => ({
    Put: {
      TableName: 'players',
      Item: { id: { S: id }, coins: { N: '100' }, inventory: { L: [] } },
    },
  }))
  await undisturbed(() => dynamoDb.transactWriteItems({ TransactItems: [...items, ...owners] }))
}

async function cleanUp() {
  for (const name of ['items', 'players']) {
    await dynamoDb.deleteTable({ TableName: name })
    await waitUntilTableNotExists(patient, { TableName: name })
  }
}

const prices = { sword: 60, shield: 50, castle: 5000, crown: 10 }
const players = ['ann', 'bob', 'cid', 'dan', 'eve']
const patient = { client: dynamoDb, maxWaitTime: 60, minDelay: 1, maxDelay: 1 } // Seconds.

async function trade() {
  for (const [player, item] of [
    ['ann', 'sword'],
    ['bob', 'sword'],
    ['ann', 'shield'],
    ['bob', 'castle'],
    ['bob', 'shield'],
  ]) {
    console.log(`${player}, ${item} for ${prices[item]}: ${await bought(player, item)}`)
  }

  const results = await Promise.all(players.map((player) => bought(player, 'crown')))
  const count = results.filter((result) => result === 'bought').length
  console.log(`crown, ${players.length} players at once: bought by ${count}`)

  const { Item: ann } = await dynamoDb.getItem({
    TableName: 'players',
    Key: { id: { S: 'ann' } },
    ProjectionExpression: 'inventory[0]',
  })
  console.log(`ann's first item: ${ann.inventory.L[0].S}`)
}

await prepare()
try {
  await trade()
} finally {
  await cleanUp()
}
