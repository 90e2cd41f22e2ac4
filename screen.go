package main

import (
	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/internal/config"
	"github.com/mqttwatch/mqttwatch/tui"
)

// configure gives the screen what the configuration file says of it, and lets it save there.
func (w *watching) configure(opt *tui.Options) {
	f := w.file
	if f == nil {
		return
	}
	opt.Keys, opt.Filters, opt.Settings = keysOf(f), map[string]map[string]string{}, map[string]string{}
	for _, t := range tui.FilterTables() {
		saved := map[string]string{}
		for _, v := range f.Table(t.Table) {
			saved[v.Key], _ = v.Value.(string)
		}
		opt.Filters[t.Table] = saved
	}
	opt.Columns = map[string][]string{}
	for _, v := range f.Table("screen") {
		if columnSet(v.Key) != nil {
			opt.Columns[v.Key], _ = textsOf(v.Value)
		} else {
			opt.Settings[v.Key] = settingText(v.Value)
		}
	}
	if path := f.Path; path != "" {
		opt.Save = func(table, key string, value any) error { return config.Save(path, table, key, value) }
	}
}

// publish sends what the user wrote in the form.
func (w *watching) publish(m tui.Message) error {
	p := capture.Publish{Topic: m.Topic, Payload: []byte(m.Payload), QoS: m.QoS, Retain: m.Retain}
	props := capture.PublishProperties{
		ContentType: m.ContentType, ResponseTopic: m.ResponseTopic, CorrelationData: []byte(m.CorrelationData), Expiry: m.Expiry, User: m.User,
	}
	if m.ContentType != "" || m.ResponseTopic != "" || m.CorrelationData != "" || m.Expiry != nil || len(m.User) > 0 {
		p.Properties = &props
	}
	return w.clients[m.Broker].Send(p)
}
