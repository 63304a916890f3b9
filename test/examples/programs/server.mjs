// Plays the server of the example: says that it listens, and takes orders as its first argument says.
const { dir: manner } = JSON.parse(process.argv[2])

process.on('message', ({ kind }) => {
  if (kind === 'flush') process.send({ kind: 'flushed' })
  else if (manner === 'fails') process.send({ kind: 'failed', message: 'cannot end' })
  else if (manner === 'ends') process.disconnect()
})
process.send({ kind: 'ready', endpoint: 'http://127.0.0.1:1' })
