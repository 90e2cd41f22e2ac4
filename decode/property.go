package decode

import "fmt"

// PropertyID names a property of 5.0 (§2.2.2.2).
type PropertyID uint32

// The properties of 5.0.
const (
	PayloadFormatIndicator          PropertyID = 0x01
	MessageExpiryInterval           PropertyID = 0x02
	ContentType                     PropertyID = 0x03
	ResponseTopic                   PropertyID = 0x08
	CorrelationData                 PropertyID = 0x09
	SubscriptionIdentifier          PropertyID = 0x0B
	SessionExpiryInterval           PropertyID = 0x11
	AssignedClientIdentifier        PropertyID = 0x12
	ServerKeepAlive                 PropertyID = 0x13
	AuthenticationMethod            PropertyID = 0x15
	AuthenticationData              PropertyID = 0x16
	RequestProblemInformation       PropertyID = 0x17
	WillDelayInterval               PropertyID = 0x18
	RequestResponseInformation      PropertyID = 0x19
	ResponseInformation             PropertyID = 0x1A
	ServerReference                 PropertyID = 0x1C
	ReasonString                    PropertyID = 0x1F
	ReceiveMaximum                  PropertyID = 0x21
	TopicAliasMaximum               PropertyID = 0x22
	TopicAlias                      PropertyID = 0x23
	MaximumQoS                      PropertyID = 0x24
	RetainAvailable                 PropertyID = 0x25
	UserProperty                    PropertyID = 0x26
	MaximumPacketSize               PropertyID = 0x27
	WildcardSubscriptionAvailable   PropertyID = 0x28
	SubscriptionIdentifierAvailable PropertyID = 0x29
	SharedSubscriptionAvailable     PropertyID = 0x2A
)

// WireType is how a property's value is laid out (5.0 §1.5).
type WireType uint8

// The wire types of properties. WireUnknown is that of an identifier that the standard does not assign.
const (
	WireUnknown WireType = iota
	WireByte
	WireTwoByteInteger
	WireFourByteInteger
	WireVariableByteInteger
	WireString     // UTF-8 Encoded String
	WireBinary     // Binary Data
	WireStringPair // UTF-8 String Pair
)

// inWill stands for the Will Properties of a CONNECT; the bit of RESERVED0 is free for it.
const (
	willProperties         = RESERVED0
	inWill         typeSet = 1 << willProperties
	inConnect      typeSet = 1 << CONNECT
	inPublish      typeSet = 1 << PUBLISH
	inSubscribe    typeSet = 1 << SUBSCRIBE
	inUnsubscribe  typeSet = 1 << UNSUBSCRIBE
	inAcks                 = inConnack | inPuback | inPubrel | inSuback | inUnsuback
)

// rule is what a property's value must keep to.
type rule uint8

const (
	ruleNone    rule = iota
	ruleBool         // 0 or 1
	ruleNotZero      // anything but 0
)

type propertyInfo struct {
	name string
	in   typeSet
	wire WireType
	rule rule
}

const lastProperty = SharedSubscriptionAvailable

// properties is the table of 5.0 §2.2.2.2, by identifier.
var properties = [lastProperty + 1]propertyInfo{
	PayloadFormatIndicator:     {"Payload Format Indicator", inPublish | inWill, WireByte, ruleBool},
	MessageExpiryInterval:      {"Message Expiry Interval", inPublish | inWill, WireFourByteInteger, ruleNone},
	ContentType:                {"Content Type", inPublish | inWill, WireString, ruleNone},
	ResponseTopic:              {"Response Topic", inPublish | inWill, WireString, ruleNone},
	CorrelationData:            {"Correlation Data", inPublish | inWill, WireBinary, ruleNone},
	SubscriptionIdentifier:     {"Subscription Identifier", inPublish | inSubscribe, WireVariableByteInteger, ruleNotZero},
	SessionExpiryInterval:      {"Session Expiry Interval", inConnect | inConnack | inDisconnect, WireFourByteInteger, ruleNone},
	AssignedClientIdentifier:   {"Assigned Client Identifier", inConnack, WireString, ruleNone},
	ServerKeepAlive:            {"Server Keep Alive", inConnack, WireTwoByteInteger, ruleNone},
	AuthenticationMethod:       {"Authentication Method", inConnect | inConnack | inAuth, WireString, ruleNone},
	AuthenticationData:         {"Authentication Data", inConnect | inConnack | inAuth, WireBinary, ruleNone},
	RequestProblemInformation:  {"Request Problem Information", inConnect, WireByte, ruleBool},
	WillDelayInterval:          {"Will Delay Interval", inWill, WireFourByteInteger, ruleNone},
	RequestResponseInformation: {"Request Response Information", inConnect, WireByte, ruleBool},
	ResponseInformation:        {"Response Information", inConnack, WireString, ruleNone},
	ServerReference:            {"Server Reference", inConnack | inDisconnect, WireString, ruleNone},
	ReasonString:               {"Reason String", inAcks | inDisconnect | inAuth, WireString, ruleNone},
	ReceiveMaximum:             {"Receive Maximum", inConnect | inConnack, WireTwoByteInteger, ruleNotZero},
	TopicAliasMaximum:          {"Topic Alias Maximum", inConnect | inConnack, WireTwoByteInteger, ruleNone},
	TopicAlias:                 {"Topic Alias", inPublish, WireTwoByteInteger, ruleNotZero},
	MaximumQoS:                 {"Maximum QoS", inConnack, WireByte, ruleBool},
	RetainAvailable:            {"Retain Available", inConnack, WireByte, ruleBool},
	UserProperty: {"User Property", inAcks | inConnect | inWill | inPublish | inSubscribe | inUnsubscribe | inDisconnect | inAuth,
		WireStringPair, ruleNone},
	MaximumPacketSize:               {"Maximum Packet Size", inConnect | inConnack, WireFourByteInteger, ruleNotZero},
	WildcardSubscriptionAvailable:   {"Wildcard Subscription Available", inConnack, WireByte, ruleBool},
	SubscriptionIdentifierAvailable: {"Subscription Identifier Available", inConnack, WireByte, ruleBool},
	SharedSubscriptionAvailable:     {"Shared Subscription Available", inConnack, WireByte, ruleBool},
}

func (id PropertyID) info() propertyInfo {
	if id > lastProperty {
		return propertyInfo{}
	}
	return properties[id]
}

// String returns the name in the standard, or "Property(0x7F)" for an identifier that it does not assign.
func (id PropertyID) String() string {
	if name := id.info().name; name != "" {
		return name
	}
	return fmt.Sprintf("Property(0x%02X)", uint32(id))
}

// Wire returns how the value is laid out.
func (id PropertyID) Wire() WireType { return id.info().wire }

// AllowedIn reports whether the property may stand in the Variable Header of a packet of type t.
func (id PropertyID) AllowedIn(t Type) bool {
	return t != willProperties && t <= AUTH && id.info().in.has(t)
}

// AllowedInWill reports whether the property may stand in the Will Properties of a CONNECT.
func (id PropertyID) AllowedInWill() bool { return id.info().in.has(willProperties) }

// propertySet is a set of properties that the standard has, a bit each.
type propertySet uint64

func (s propertySet) has(id PropertyID) bool { return s>>id&1 != 0 }

// repeatable reports whether the property may come more than once: User Property anywhere, and Subscription
// Identifier in a PUBLISH, which names every Subscription that matched (5.0 §3.3.2.3.8).
func (id PropertyID) repeatable(where Type) bool {
	return id == UserProperty || id == SubscriptionIdentifier && where == PUBLISH
}
