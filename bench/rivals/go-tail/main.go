// A log shipper of the older design, to measure beside: one tail per file, all into one channel, one producer behind it.
//
//	go-tail BROKERS TOPIC sync|async none|zstd LINES FILE...
//
// Ends when LINES lines are acknowledged by all replicas.
package main

import (
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/IBM/sarama"
	"github.com/hpcloud/tail"
)

func main() {
	brokers, topic, mode, codec, paths := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[6:]
	lines, err := strconv.Atoi(os.Args[5])
	check(err)
	config := sarama.NewConfig()
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Partitioner = sarama.NewRandomPartitioner
	config.Producer.Return.Successes = true
	check(config.Producer.Compression.UnmarshalText([]byte(codec)))
	config.Version = sarama.V2_1_0_0 // zstd
	addresses := strings.Split(brokers, ",")
	records := follow(topic, paths)
	if mode == "sync" {
		producer, err := sarama.NewSyncProducer(addresses, config)
		check(err)
		sendEach(producer, records, lines)
	} else {
		producer, err := sarama.NewAsyncProducer(addresses, config)
		check(err)
		sendAll(producer, records, lines)
	}
}

// follow tails every file into one channel.
func follow(topic string, paths []string) <-chan *sarama.ProducerMessage {
	records := make(chan *sarama.ProducerMessage, 1000)
	for _, path := range paths {
		file, err := tail.TailFile(path, tail.Config{Follow: true, ReOpen: true, Poll: true, Logger: tail.DiscardingLogger})
		check(err)
		go func() {
			for line := range file.Lines {
				check(line.Err)
				records <- &sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(line.Text)}
			}
		}()
	}
	return records
}

// sendEach waits for the answer of each line before it sends the next one.
func sendEach(producer sarama.SyncProducer, records <-chan *sarama.ProducerMessage, lines int) {
	for sent := 0; sent < lines; sent++ {
		_, _, err := producer.SendMessage(<-records)
		check(err)
	}
	check(producer.Close())
}

// sendAll lets the producer batch, and counts the answers.
func sendAll(producer sarama.AsyncProducer, records <-chan *sarama.ProducerMessage, lines int) {
	go func() {
		for failure := range producer.Errors() {
			check(failure)
		}
	}()
	go func() {
		for sent := 0; sent < lines; sent++ {
			producer.Input() <- <-records
		}
	}()
	for answered := 0; answered < lines; answered++ {
		<-producer.Successes()
	}
	check(producer.Close())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
