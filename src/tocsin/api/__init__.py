"""The operations of the AWS services that Tocsin serves: one small function each. Spec: WIRE-4.6, WIRE-8.

Rule: a function takes the parameters under the model's names, calls one function of `app`, and gives
the result in AWS's shape. It sees no HTTP and no protocol.
"""
